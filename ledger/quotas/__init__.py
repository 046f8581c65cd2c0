"""Quota: caps, rules, holdings, obligations, surrender."""
