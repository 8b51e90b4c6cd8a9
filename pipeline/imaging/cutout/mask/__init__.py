"""Works on masks and mattes: pieces, holes, thin lines, cuts along edges, and the outline in closed form."""
