"""The benchmark of `make bench`: ratios only, both sides measured in the same run, round by round."""
