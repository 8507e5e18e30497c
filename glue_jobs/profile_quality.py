"""The stage `profile_quality` as a Glue job."""

from kumitate.cloud.jobs import run_job

if __name__ == "__main__":
    run_job("profile_quality")
