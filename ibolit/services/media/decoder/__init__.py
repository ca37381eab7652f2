"""The child process that opens what strangers send. It knows nothing of the clinic: a job comes in, one line goes out.

Run as `python -m decoder` from the folder above, with nothing in its environment, so it never imports `ibolit`.
"""
