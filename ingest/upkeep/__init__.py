"""What keeps a library sound: its fingerprint and lock, verification, migrations, reindexing."""
