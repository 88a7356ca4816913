"""The languages in which servers are asked for free and busy times, one in each file."""
