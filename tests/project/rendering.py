"""Renders the chart as `helm template` does, with Helm's own library, in a process of its own:

Helm's library is Go, which takes over a process's signals. `python -m tests.project.rendering`
reads a list of values as JSON and prints for each what came out, and first what `helm lint` says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "docchu"


def main() -> None:
    """Print the findings and the manifests of each of the values, or why there are none."""
    import helm_python
    from helm_python.chart import lint

    asked = json.load(sys.stdin)
    chart = helm_python.Chart.load(CHART)
    rendered: list[dict[str, str] | str] = []
    for values in asked:
        try:
            rendered.append(chart.render(values, name="docchu", namespace="ocr"))
        except helm_python.HelmError as error:
            rendered.append(str(error))
    print(json.dumps({"lint": lint(CHART, asked[0], strict=True), "rendered": rendered}))


if __name__ == "__main__":
    main()
