"""A check of everything that needs a GPU, in ten minutes on one, without a network.

`bundle` and `install` use nothing but Python's library: they run before anything is installed.
"""
