"""What ties the Helm chart to the rest: its values as types, their schema, and the catalogue as values."""
