"""What the machine gives a process: CPU quota, memory limits, signals, and connections to allowed addresses.

Knows no setting, image or model.
"""
