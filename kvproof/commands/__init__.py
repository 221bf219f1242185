"""The commands: each reads its options, calls the floors below, and shows what they say."""
