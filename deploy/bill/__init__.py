"""The bill of materials: what Framebus is made of, from the locks, and under which licences."""
