"""Shows a splat: still renders, turntables, the viewer page."""
