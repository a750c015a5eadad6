"""Training through TRL: one file per recipe, what they share in `common`, the entry in `train`.

`ipo` here is Intervened Preference Optimization, the paper's method. TRL's `loss_type="ipo"` is
Identity Preference Optimization and is used nowhere.
"""
