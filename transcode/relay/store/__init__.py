"""What the message centre keeps: rows of messages and deliveries, and the octets beside them."""

from transcode.relay.store.blobs import Blobs, FolderBlobs
from transcode.relay.store.sqlite import SqliteStore, SqlStore

__all__ = ["Blobs", "FolderBlobs", "SqlStore", "SqliteStore"]
