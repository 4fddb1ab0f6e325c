"""Figures for Plotly in the theme's colors. `colour` is `theming.colour`."""

CONFIG = {"displayModeBar": False, "responsive": True}
KINDS = [
    ("success", "Success", "fill-ok"),
    ("failure", "Failed", "fill-bad"),
    ("cancelled", "Cancelled", "fill-warn"),
    ("skipped", "Skipped", "fill-quiet"),
    ("other", "Other", "fill-accent"),
]


def layout(colour, **more):
    """Return the Plotly layout of all plots, updated with the given keys."""
    line = colour("line")
    common = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 12, "color": colour("muted")},
        "margin": {"l": 32, "r": 4, "t": 4, "b": 28},
        "xaxis": axis(colour),
        "yaxis": dict(axis(colour), showgrid=True, rangemode="tozero"),
        "hoverlabel": {
            "bgcolor": colour("surface"),
            "bordercolor": line,
            "font": {"color": colour("text")},
        },
        "showlegend": False,
    }
    common.update(more)
    return common


def axis(colour):
    """Return the Plotly settings of all axes."""
    return {
        "fixedrange": True,
        "zeroline": False,
        "showgrid": False,
        "automargin": True,
        "linecolor": colour("line"),
        "gridcolor": colour("line"),
    }


def runs_per_hour(hours, labels, colour):
    """Return stacked bars of the runs per hour by conclusion; `labels` name the hours."""
    return {
        "data": [
            {
                "type": "bar",
                "name": word,
                "x": labels,
                "y": [hour[kind] for hour in hours],
                "marker": {"color": colour(token), "line": {"width": 0}},
                "hovertemplate": "%{y} " + word.lower() + "<extra></extra>",
            }
            for kind, word, token in KINDS
            if any(hour[kind] for hour in hours)
        ],
        "layout": layout(
            colour,
            barmode="stack",
            bargap=0.35,
            hovermode="x unified",
            xaxis=dict(axis(colour), dtick=6, tickangle=0),
        ),
    }
