"""What vLLM reads from the environment when it is imported; what is there already goes before."""

EVERYWHERE = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
    # In this process: batches do not depend on when requests reach another one. And a forked engine
    # could not use a GPU that this process has asked for, be it only whether there is one. On CPUs
    # a second process starts 15 s later and is slower on small models
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # of processes that vLLM starts all the same
}
ON_CPU = {
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # binding would put every job on the same cores
    "TORCH_COMPILE_DISABLE": "1",  # some sampling options would otherwise need a compiler
}
