"""Training recipes, one file each: RECIPE says what it learns from, `train` trains.

A file here is a recipe of its own name: nothing else lists them. At import a recipe loads nothing
heavy, since the workflow reads RECIPE in every job; what trains is imported inside `train`.
"""
