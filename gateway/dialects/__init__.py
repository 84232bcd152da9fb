"""What appliances say, in either dialect, as one kind of row (appliance-api.md): questions out, rows and faults in."""
