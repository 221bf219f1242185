"""What is claimed about the policies, as objects that can be evaluated and contradicted."""
