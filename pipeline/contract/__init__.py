"""The stage contract: artifacts, the store, manifests, and the runner that resumes after a kill."""
