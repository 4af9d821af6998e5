"""Run a keeper: `python -m keeper`."""

from keeper.keeper import main

if __name__ == "__main__":
    main()
