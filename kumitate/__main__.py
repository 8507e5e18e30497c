"""`python -m kumitate` is `kumitate`."""

from kumitate.cli.main import main

if __name__ == "__main__":
    main(prog_name="kumitate")
