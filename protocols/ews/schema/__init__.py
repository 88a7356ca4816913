"""The structure of documents, as tables: which element holds which others, in which order ([MS-OXWSCDATA] ff.)."""
