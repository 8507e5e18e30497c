"""Members become changes, changes become requests, answers become outcomes and the new accepted state."""
