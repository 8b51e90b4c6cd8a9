"""Where the pipeline runs: one machine (`deploy.local`), containers, a cluster."""
