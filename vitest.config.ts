import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig, mergeConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Tests run on sources: every workspace package exports its src under this condition, so nothing is built.
const conditions = ['@bttkit/source']

// Most of what a started worker or program costs is stripping the types of its sources and compiling them; Node keeps the outcome here, by content.
const compileCache = fileURLToPath(new URL('node_modules/.cache/node-compile', import.meta.url))

/** Where nothing is known of an earlier run, large files come first. Those of the verification are small and take longest: at the end, one core would wait for the other. */
class VerificationFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => moduleId.includes('/tooling/verification/')
    // oxlint-disable-next-line unicorn/no-array-sort -- no array, but a sequencer
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

const every = '{packages,apps,tooling}/*/src/**/*.test.ts'
// Many small files, which neither change their process nor leave anything in it: to start one for each takes longer than they do.
const sharing =
  'packages/{btt-format,checker-crash,checker-image,command-line,image-file,image-page,interfaces,pmem-layers,pmem-memory,pmem-power-fail,pmem-sleeping-flush,salvage,sleepable,stack,write-back}/src/**/*.test.ts'

/** Settings of every configuration of tests. */
export const onSources = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { pool: 'forks', maxWorkers: 2, env: { NODE_COMPILE_CACHE: compileCache } },
})

export default mergeConfig(
  onSources,
  defineConfig({
    test: {
      testTimeout: 30_000,
      hookTimeout: 30_000,
      sequence: { sequencer: VerificationFirst },
      projects: [
        {
          extends: true,
          test: { name: 'alone', include: [every], exclude: [...configDefaults.exclude, sharing] },
        },
        { extends: true, test: { name: 'sharing', include: [sharing], isolate: false } },
      ],
    },
  }),
)
