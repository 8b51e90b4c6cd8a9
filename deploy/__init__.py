"""Deployment: one machine (`deploy.local`), containers, a Kubernetes cluster."""
