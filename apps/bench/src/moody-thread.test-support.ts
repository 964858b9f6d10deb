/** A thread that answers as its data says: to a question, or before one. */
import { parentPort, workerData } from 'node:worker_threads'

const mood: 'answers' | 'fails' | 'throws' | 'ends' = workerData
if (mood === 'throws') throw new Error('it does not even start')
parentPort?.on('message', (question: number) => {
  if (mood === 'ends') process.exit()
  parentPort?.postMessage(mood === 'fails' ? { failed: 'it cannot' } : { answer: question * 2 })
})
