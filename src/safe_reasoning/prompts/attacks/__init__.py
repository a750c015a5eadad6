"""Attacks on forbidden requests (paper section 4: StrongREJECT under three kinds).

The attackers' instructions are ours and hold no harmful content.
"""
