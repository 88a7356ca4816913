"""Offline address books: records, their compression, differences, manifest ([MS-OXOAB], [MS-PATCH])."""
