"""Kinds of demonstrations, one file each (see `pairs.demonstration`)."""
