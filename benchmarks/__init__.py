"""Figures as ratios to a floor: a tiny program that does the same with no product around it. No timed figure is a test."""
