"""Reading Kafka's logs: offsets, tails, walks, pages and cursors."""
