"""Pages and text layers of PDF files; runs only in a child process and knows no job."""
