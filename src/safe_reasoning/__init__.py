"""Safe reasoning through corrective intervention: the library behind the workflow.

Bottom to top; an upper floor may import a lower one, never the reverse:
errors, records - text - stats - sampling - judging - worlds, benchmarks - characterize, intervene -
training - evaluate - figures.
"""
