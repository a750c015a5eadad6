# After all other rules: each gets a parameter that holds the digest of its script and of the library
# modules that this imports (runtime/code_digest.py), so that changed code runs its jobs again and no
# others. docs/architecture.md says how to keep results all the same.
for every_rule in workflow.rules:
    scripts = re.findall(r"scripts/(?!lease_gpus)(\w+)\.py", every_rule.shellcmd or "")
    if scripts and "code" not in every_rule.params.keys():
        every_rule.set_params(code=code_of(*(f"scripts.{name}" for name in scripts)))
