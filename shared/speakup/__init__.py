"""What the services share: events, the way through Kafka, sealing, storage, settings and logs."""
