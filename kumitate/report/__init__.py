"""The run report: what a run did, which sums agree, what to do next, as one self-contained HTML page."""
