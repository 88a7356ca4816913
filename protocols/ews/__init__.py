"""Exchange Web Services on the wire: SOAP 1.1 documents to values, values to SOAP 1.1 documents."""
