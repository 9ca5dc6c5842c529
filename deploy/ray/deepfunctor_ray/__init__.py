"""Run an exported chain over a folder of pictures or a Parquet set, on a cluster of Ray."""
