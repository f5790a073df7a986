-- Gives a few free pages back to the file system: little enough for a disk that is full.
PRAGMA incremental_vacuum(200);
