"""The paper's figures, one module each.

`data` gathers what is drawn from stored metrics alone, `draw` draws it. No model, no torch.
"""
