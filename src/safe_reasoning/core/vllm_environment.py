"""What vLLM reads from the environment when it is imported; what is there already goes before."""

EVERYWHERE = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "ERROR"}
ON_CPU = {
    # A second process starts 15 s later and is slower on small models
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # binding would put every job on the same cores
    "TORCH_COMPILE_DISABLE": "1",  # some sampling options would otherwise need a compiler
}
