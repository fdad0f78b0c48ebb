"""The scaling rule in one place, and a simulation of what KEDA and the autoscaler make of it: no I/O, no clock."""
