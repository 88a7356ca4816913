"""The command by which administrators read and change what casd knows: one file a noun."""
