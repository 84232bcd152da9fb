"""Notices: what is told to people who do not look (README, section "Notices")."""
