"""The relaxation that forgets how many have started, but no token of what runs; its search."""
