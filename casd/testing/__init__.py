"""For the tests of mail clients: a whole mail organisation in the test's own process."""
