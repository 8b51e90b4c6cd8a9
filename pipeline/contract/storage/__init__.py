"""Where the files of a store lie: in a folder, or in a bucket with copies on this machine."""
