"""Right or wrong on capability benchmarks (paper section 4).

Mathematics by math-verify, choices by their letter, programs by their tests in a sandbox.
"""
