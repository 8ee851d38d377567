"""Supervised child processes that handle one task at a time under limits, and cost only their task when they die."""
