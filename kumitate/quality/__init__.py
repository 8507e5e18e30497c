"""Rules that tables must keep, judged by queries; what breaks one warns, holds activation or stops the run."""
